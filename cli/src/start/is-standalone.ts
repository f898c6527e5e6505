/** Set by the build. */
declare const __isStandalone: boolean | undefined;

/** This program is one executable that holds its runtime; otherwise Node runs it, and its parts lie beside it. */
export const isStandalone: boolean = typeof __isStandalone !== "undefined" && __isStandalone;
