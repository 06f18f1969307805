/** node:crypto. */
import * as all from "./crypto/all.ts";

export * from "./crypto/all.ts";
/** What `require("crypto")` gives: a plain object, because a module's namespace reads everything through getters. */
export default { ...all };
