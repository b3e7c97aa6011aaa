import type { ReactNode } from "react";

const PARTS =
  /(?<comment>\/\/.*|\/\*.*|^\s*\*.*)|(?<string>"[^"]*"|'[^']*'|`[^`]*`)|(?<number>\b\d[\d_.]*\b)|(?<word>\b(?:async|await|break|case|catch|class|const|continue|else|export|extends|finally|for|from|function|if|import|in|let|new|of|return|switch|this|throw|try|typeof|var|while|yield)\b)/g;

/** A line of code in colours: enough of JavaScript to read it with ease. */
export function highlighted(line: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of line.matchAll(PARTS)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    parts.push(line.slice(end, match.index));
    parts.push(
      <span key={match.index} className={kind}>
        {match[0]}
      </span>,
    );
    end = match.index + match[0].length;
  }
  return [...parts, line.slice(end)];
}
