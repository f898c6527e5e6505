import { answerDocument } from "../answers.ts";
import type { ApiDeps, App } from "../deps.ts";
import { describeApp } from "../openapi.ts";

export function openApi(app: App, { publicUrl, version }: ApiDeps): void {
  let document: Promise<object> | undefined;
  // Made at the first request: it needs all routes, and most processes are never asked for it.
  app.get("/api/openapi.json", async (c) => {
    document ??= describeApp(app, { publicUrl, version });
    return answerDocument(c, await document);
  });
}
