import { Hono } from "hono";
import * as z from "zod/mini";
import { identifyCaller } from "./caller.ts";
import type { ApiDeps, App, AppEnv } from "./deps.ts";
import { answerError, answerNotFound } from "./error-answers.ts";
import { limitRequests, openRateLimits } from "./rate-limits.ts";
import { openRequest } from "./request-context.ts";
import { accounts, webhookSecrets } from "./routes/accounts.ts";
import { attempts } from "./routes/attempts.ts";
import { auth } from "./routes/auth.ts";
import { health } from "./routes/health.ts";
import { hooks } from "./routes/hooks.ts";
import { index } from "./routes/index.ts";
import { getManyPaks } from "./routes/many-paks.ts";
import { openApi } from "./routes/open-api.ts";
import { getPak, searchPaks } from "./routes/paks.ts";
import { getRelease, getReleaseFiles } from "./routes/releases.ts";
import { tokens } from "./routes/tokens.ts";
import { whyNot } from "./routes/why-not.ts";
import { requireCleanUrl } from "./urls.ts";

/** The HTTP API. The client's address comes from the second argument of `fetch`: `{remoteAddress}` or node-server's own. */
export function createApp(deps: ApiDeps): App {
  // zod/mini has no words of its own.
  z.config(z.locales.en());
  const limits = openRateLimits(deps);
  const app = new Hono<AppEnv>();
  app.onError(answerError(deps));
  app.notFound(answerNotFound);
  app.use(openRequest(deps), requireCleanUrl, identifyCaller(deps), limitRequests(limits));

  health(app, deps);
  openApi(app, deps);
  index(app, deps, limits);
  whyNot(app, deps);
  attempts(app, deps);
  auth(app, deps);
  tokens(app, deps);
  accounts(app, deps);
  webhookSecrets(app, deps);
  hooks(app, deps, limits);
  searchPaks(app, deps);
  getPak(app, deps);
  getManyPaks(app, deps);
  getRelease(app, deps);
  getReleaseFiles(app, deps);
  return app;
}
