import type { Origin } from "@paks/schema";

/** What users call an installed pak: `acme/pdf` when a registry gave it, else its own name. */
export const ownName = (origin: Origin, name: string): string =>
  origin.type === "registry" ? `${origin.account}/${origin.name}` : name;
