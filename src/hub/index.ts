export { declaredLicense } from "./model-card.ts";
