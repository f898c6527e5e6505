import { expect, test } from "vitest";
import { findProxy, proxyLogin } from "./proxy.ts";

const proxy = "http://proxy.example:3128";

test.each([
  [undefined, "https://r.example/", true],
  ["", "https://r.example/", true],
  ["r.example", "https://r.example/", false],
  ["R.Example", "https://r.example/", false],
  [".example", "https://r.example/", false],
  ["*.example", "https://r.example/", false],
  ["example", "https://r.example/", false],
  ["ample", "https://r.example/", true],
  ["other.example, r.example", "https://r.example/", false],
  ["other.example r.example", "https://r.example/", false],
  ["r.example:443", "https://r.example/", false],
  ["r.example:8443", "https://r.example/", true],
  ["r.example:8443", "https://r.example:8443/", false],
  ["*", "https://r.example/", false],
  ["10.0.0.1", "https://10.0.0.1/", false],
  ["fd00::1", "https://[fd00::1]/", false],
  ["[fd00::1]:443", "https://[fd00::1]/", false],
  [undefined, "https://localhost/", false],
  [undefined, "https://127.0.0.1:8080/", false],
  [undefined, "https://[::1]/", false],
  [undefined, "http://127.0.0.1/", false],
])("NO_PROXY %j, %s: through the proxy %s", (noProxy, url, through) => {
  expect(findProxy(new URL(url), { proxy, noProxy }) !== undefined).toBe(through);
});

test("a proxy may be written without its protocol; other protocols are refused", () => {
  expect(findProxy(new URL("https://r.example"), { proxy: "proxy.example:3128", noProxy: undefined })?.href).toBe(
    "http://proxy.example:3128/",
  );
  for (const wrong of ["socks5://proxy.example", "http://", "file:///x"])
    expect(() => findProxy(new URL("https://r.example"), { proxy: wrong, noProxy: undefined })).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER" }),
    );
});

test("a login that cannot be decoded is refused where the proxy is set, and shown nowhere", () => {
  for (const login of ["%zz:geheim", "geheim:%", "me:geheim%ff"]) {
    const find = () =>
      findProxy(new URL("https://r.example"), { proxy: `http://${login}@p.example`, noProxy: undefined });
    expect(find).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER", hint: expect.stringContaining("%25") }));
    expect(find).toThrow(/^(?!.*geheim).*proxy cannot be decoded/);
  }
  expect(proxyLogin(new URL("http://me:p%40%C3%BC@p.example"))).toBe("me:p@ü");
});
