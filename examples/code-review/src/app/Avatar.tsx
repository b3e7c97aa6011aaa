import { nameOf } from "./people.js";

export function Avatar({ person }: { person: string }) {
  const initials = nameOf(person)
    .split(" ")
    .map((part) => part.charAt(0))
    .join("");
  const hue = [...person].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0) * 47, 0) % 360;
  return (
    <span className="avatar" style={{ "--hue": hue } as React.CSSProperties} aria-hidden="true">
      {initials}
    </span>
  );
}
