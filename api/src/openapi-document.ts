import type { Db } from "@paks/db";
import type { Objects } from "@paks/objects";
import { defaultGitPolicy, defaultLimits } from "@paks/schema";
import { createApp } from "./app.ts";
import { describeApp } from "./openapi.ts";

/** Stands in for what a document needs not; using it is a mistake. */
const unused: object = new Proxy(
  {},
  {
    get: () => {
      throw new Error("The OpenAPI document is made without a database and storage.");
    },
  },
);

/** The OpenAPI 3.1 document without a running registry: for the reference in docs/. */
export async function openapiDocument(
  about = { publicUrl: "https://registry.example", version: "0.0.0" },
): Promise<object> {
  const app = createApp({
    ...about,
    db: unused as Db,
    objects: unused as Objects,
    gitPolicy: defaultGitPolicy,
    limits: defaultLimits,
    log: () => undefined,
  });
  return describeApp(app, about);
}
