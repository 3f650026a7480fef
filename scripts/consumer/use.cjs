// CommonJS: `require` of a module of ECMAScript, from Node 20.19 on.
const { AudioCodes } = require("encodec-tokenizer");
const { patternKinds } = require("encodec-tokenizer/patterns");

if (typeof AudioCodes !== "function" || !patternKinds.includes("delay")) throw new Error("the installed package cannot be required");
