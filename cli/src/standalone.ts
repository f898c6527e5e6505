import { childWord } from "./git-fallback/protocol.ts";

/**
 * The standalone executable. No other program lies beside it, so the one that reads repositories where there is no git
 * is this file too.
 */
if (process.argv[2] === childWord) void import("./git-fallback/child.ts");
else void import("./bin.ts");
