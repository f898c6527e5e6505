import { createRequire } from "node:module";

const require = createRequire(new URL("../../../schema/package.json", import.meta.url));

/** A file of YAML as anybody's reader sees it; the parser is a dependency of the schema package alone. */
export const parseYaml = (text: string): unknown => (require("yaml") as { parse(text: string): unknown }).parse(text);
