import type { Note } from "../generated/index.js";

export type Color = Note["color"];

export const COLORS: readonly Color[] = ["yellow", "green", "blue", "pink"];
