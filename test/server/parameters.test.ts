import { describe, expect, it } from "vitest";
import { Parameters } from "../../server/parameters.ts";

const REFUSED: unknown = expect.objectContaining({ code: "bad_request" });

describe("parameters", () => {
  it("are read by their decoded names", () => {
    const parameters = new Parameters("a=1&&b=%C3%A4+x&%63=&d&e==%3D&");
    expect(["a", "b", "c", "d", "e", "f"].map((name) => parameters.get(name))).toEqual([
      ...["1", "ä x", "", "", "=="],
      undefined,
    ]);
    parameters.finish();
  });

  it("are refused when given twice, when read and also when not", () => {
    const parameters = new Parameters("a=1&b=2&a=1");
    expect(() => parameters.get("a")).toThrow(REFUSED);
    expect(parameters.get("b")).toBe("2");
    expect(() => parameters.finish()).toThrow(REFUSED);
    expect(() => new Parameters("a=&%61").finish()).toThrow(REFUSED);
  });

  it("are refused when malformed, those that nobody reads at the end alone", () => {
    const parameters = new Parameters("a=%zz&b=2");
    expect(parameters.get("b")).toBe("2");
    expect(() => parameters.get("a")).toThrow(REFUSED);
    expect(() => parameters.finish()).toThrow(REFUSED);
    expect(() => new Parameters("%zz=1").finish()).toThrow(REFUSED);
  });

  it("of other names are refused where the names are given", () => {
    const parameters = new Parameters("from=0&form=1");
    parameters.finish();
    expect(() => parameters.finish(["from", "persist"])).toThrow(/"form".*from, persist/);
    parameters.finish(["from", "form"]);
  });

  it("are at most a hundred, so that a long query costs little", () => {
    const query = (count: number): string => Array.from({ length: count }, (_, i) => `p${i}=`).join("&");
    new Parameters(query(100)).finish();
    expect(() => new Parameters(query(101)).finish()).toThrow(REFUSED);
  });

  it("never quote more than a little of a name", () => {
    expect(() => new Parameters(`${"x".repeat(5000)}=1`).finish([])).toThrow(/^.{0,200}$/);
  });
});
