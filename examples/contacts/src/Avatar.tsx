/** Initials, in a colour that belongs to the name. */
export function Avatar({ name }: { name: string }) {
  const words = name.split(" ");
  const initials = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.charAt(0).toUpperCase());
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return (
    <span className="avatar" aria-hidden="true" style={{ "--hue": hue } as React.CSSProperties}>
      {initials}
    </span>
  );
}
