import type { PakId, PakRef } from "@paks/schema";

export const pakPath = (id: PakId): string =>
  `/api/paks/${encodeURIComponent(id.account)}/${encodeURIComponent(id.name)}`;

export const versionsPath = (id: PakId): string => `${pakPath(id)}/versions`;

/** @param selector a version, a range or a channel */
export const releasePath = (id: PakId, selector: string): string =>
  `${versionsPath(id)}/${encodeURIComponent(selector)}`;

/** Of many paks; commas and slashes stand as they are, which keeps it short. */
export const manyPath = (refs: readonly PakRef[]): string =>
  `/api/versions?paks=${refs.map(refText).toSorted().join(",")}`;

const refText = ({ account, name, selector }: PakRef): string =>
  [`${account}/${name}`, ...(selector === undefined ? [] : [encodeURIComponent(selector)])].join("@");
