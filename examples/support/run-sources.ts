// Within this repository an example runs the package's TypeScript sources, and so must the threads that decode audio. The installed package needs nothing of this.
process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} --import tsx`.trim();
