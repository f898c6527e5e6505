import type { LockedPak } from "@paks/schema";
import type { InstallRecord } from "../install/record.ts";

/** What a lock would say of a pak that only has a record. */
export const recordEntry = (record: InstallRecord): Omit<LockedPak, "previous"> => ({
  source: null,
  resolved: record.origin,
  version: record.version,
  digest: record.digest,
  files: record.files.length,
  dependencies: {},
  agents: [],
  mode: "link",
});
