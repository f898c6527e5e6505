import { isStandalone } from "./start/is-standalone.ts";

/**
 * What runs this program, for people and registries to read. The standalone executable does not name the Node that its
 * runtime stands in for (`process.versions.node`): nobody has installed that, and nobody can update it.
 */
export const runtime: string = isStandalone ? `bun ${process.versions["bun"]}` : `node ${process.versions.node}`;
