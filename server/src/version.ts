import manifest from "../package.json" with { type: "json" };

export const registryVersion: string = manifest.version;
