interface Log {
  (): void;
  readonly extend: () => Log;
}

const silent: Log = Object.assign(() => undefined, { extend: () => silent });

/**
 * Stands in for the package `debug` in the bundle: simple-git tells it of each step, which nobody reads. The real one asks
 * at load whether stderr is a terminal, and Bun 1.4.4 leaves a pipe that was asked as one whose writers do not wait.
 */
const debug = Object.assign(() => silent, { formatters: {} });

// oxlint-disable-next-line import/no-default-export -- the package it replaces has a default export
export default debug;
