const refuse = (): never => {
  throw new Error("The bundle has another YAML parser.");
};

/**
 * Stands in for the package `js-yaml` in the bundle. gray-matter asks for these two at load and never calls them,
 * because schema/src/frontmatter.ts gives it another engine; the real ones are 40 kB at every start.
 */
export const safeLoad = refuse;
export const safeDump = refuse;
