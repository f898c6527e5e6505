/**
 * Stands in for the package `escalade/sync` in the bundle: yargs looks with it for a package.json from which to guess
 * a version that we do not ask it for.
 */
const findNothing = (): undefined => undefined;

// oxlint-disable-next-line import/no-default-export -- the package it replaces has a default export
export default findNothing;
