import { describe, expect, it } from "vitest";
import { Parameters } from "../../../server/wire/parameters.ts";

const OWN = ["from", "persist", "durability"];
const ELSEWHERE = [...OWN, "ack_wait", "id", "wait", "max"];

/** The parameters of a route that ignores unknown ones, as NetLog does, or of a route of ours, which refuses them. */
function parametersOf(query: string, ignoresOthers = true): Parameters {
  return new Parameters(query, { names: OWN, ignoresOthers, elsewhere: ELSEWHERE });
}

const REFUSED: unknown = expect.objectContaining({ code: "bad_request" });

describe("parameters", () => {
  it("are read by their decoded names", () => {
    const parameters = parametersOf("a=1&&b=%C3%A4+x&%63=&d&e==%3D&");
    expect(["a", "b", "c", "d", "e", "f"].map((name) => parameters.get(name))).toEqual([
      ...["1", "ä x", "", "", "=="],
      undefined,
    ]);
    parameters.finish();
  });

  it("are refused when given twice, when read and also when not", () => {
    const parameters = parametersOf("a=1&b=2&a=1");
    expect(() => parameters.get("a")).toThrow(REFUSED);
    expect(parameters.get("b")).toBe("2");
    expect(() => parameters.finish()).toThrow(REFUSED);
    expect(() => parametersOf("a=&%61").finish()).toThrow(REFUSED);
  });

  it("are refused when malformed, those that nobody reads at the end alone", () => {
    const parameters = parametersOf("a=%zz&b=2");
    expect(parameters.get("b")).toBe("2");
    expect(() => parameters.get("a")).toThrow(REFUSED);
    expect(() => parameters.finish()).toThrow(REFUSED);
    expect(() => parametersOf("%zz=1").finish()).toThrow(REFUSED);
  });

  it("of other names are refused where a route is strict, with the name that was meant", () => {
    parametersOf("from=0", false).finish();
    const names = "there are: from, persist, durability";
    for (const [query, hint] of [
      ["form=1", '"form"; did you mean from?'],
      ["FROM=1", '"FROM"; did you mean from?'],
      ["duribility=x", '"duribility"; did you mean durability?'],
      ["wait=1s", '"wait"; wait is a parameter of other routes'],
      ["segment_aeg=1", '"segment_aeg"; segment_age is a setting of a topic'],
      ["nonsense=1", '"nonsense"'],
    ] as const) {
      const finish = () => parametersOf(query, false).finish();
      expect(finish, query).toThrow(REFUSED);
      expect(finish, query).toThrow(hint);
      expect(finish, query).toThrow(names);
    }
  });

  it("of other names are ignored elsewhere, unless they are near to one that there is", () => {
    for (const query of ["nonsense=1", "timeout=5s", "x=1", "_=1700000000", "t=1", "=1", "v1=2"]) {
      parametersOf(query).finish();
      expect(() => parametersOf(query).finish(true), query).toThrow(REFUSED);
    }
    for (const query of ["form=1", "wiat=1s", "max=1", "segment_age=1day", "compresion_type=2", "ID=1"]) {
      expect(() => parametersOf(query).finish(), query).toThrow(REFUSED);
    }
  });

  it("are at most a hundred, so that a long query costs little", () => {
    const query = (count: number): string => Array.from({ length: count }, (_, i) => `p${i}=`).join("&");
    parametersOf(query(100)).finish();
    expect(() => parametersOf(query(101)).finish()).toThrow(REFUSED);
  });

  it("never quote more than a little of a name", () => {
    expect(() => parametersOf(`${"x".repeat(5000)}=1`, false).finish()).toThrow(/^.{0,200}$/);
  });
});
