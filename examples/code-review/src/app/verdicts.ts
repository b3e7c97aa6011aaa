import type { Review } from "../generated/index.js";

export type Verdict = Review["verdict"];

export const VERDICTS: readonly { readonly value: Verdict; readonly label: string; readonly tone: string }[] = [
  { value: "open", label: "In review", tone: "soft" },
  { value: "changes_requested", label: "Changes requested", tone: "bad" },
  { value: "approved", label: "Approved", tone: "good" },
];

const [UNDECIDED] = VERDICTS;

export function verdictOf(value: string): (typeof VERDICTS)[number] {
  const found = VERDICTS.find((verdict) => verdict.value === value) ?? UNDECIDED;
  return found ?? { value: "open", label: value, tone: "soft" };
}
