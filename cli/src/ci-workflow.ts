import { version } from "./version.ts";

/** Where GitHub, and Gitea too, look for it; from the repository's top folder. */
export const workflowPath = ".github/workflows/paks.yml";

/**
 * A workflow that checks pull requests and publishes on tags and by hand.
 * @param path folder of the pak from the repository's top, "" for the top; the default of what is published by hand
 */
export const renderWorkflow = (
  path: string,
): string => `# Made by \`paks create --ci\`. The secret PAKS_TOKEN is a token with the scope "publish".
name: paks

on:
  pull_request:
  push:
    tags: ["v*", "*--v*"]
  workflow_dispatch:
    inputs:
      bump:
        description: The next version
        type: choice
        options: [patch, minor, major, prerelease]
        default: patch
      path:
        description: Folder of the pak
        default: ${JSON.stringify(path === "" ? "." : path)}

permissions:
  contents: read

jobs:
  validate:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - uses: stakpak/paks@v${version}
        with:
          command: validate

  publish:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-latest
    permissions:
      # The version commit and the tag are pushed.
      contents: write
    concurrency: paks-publish
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          fetch-depth: 0
      - uses: stakpak/paks@v${version}
        with:
          command: publish
          path: \${{ inputs.path }}
          bump: \${{ inputs.bump }}
        env:
          PAKS_TOKEN: \${{ secrets.PAKS_TOKEN }}
`;
