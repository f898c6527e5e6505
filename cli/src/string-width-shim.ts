import { displayWidth } from "./output/width.ts";

/**
 * Stands in for the package `string-width` in the bundle: yargs measures its help with it, and the package's
 * Intl.Segmenter costs 45 ms at every start. Our help holds no escapes.
 */
const stringWidth = (text: string): number => displayWidth(text);

// oxlint-disable-next-line import/no-default-export -- the package it replaces has a default export
export default stringWidth;
