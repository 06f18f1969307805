/** node:constants, the old name for all constants. */
import { constants as crypto } from "./crypto/constants.ts";
import { constants as files } from "./fs/constants.ts";
import { errors, signals } from "./os/constants.ts";

export default { ...errors, ...signals, ...files, ...crypto };
