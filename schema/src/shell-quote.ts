/** A word for a POSIX shell to be pasted into: plain where it can be; single quotes keep everything else as it is. */
export const quoteForShell = (text: string): string =>
  // Behind the first character a # begins no comment.
  /^[\w./:@=+-][\w./:@=+#-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
