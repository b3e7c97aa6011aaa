"use client";

import * as client from "../../src/generated/sqlite";
import { Notes } from "../notes";

export default function Page() {
  return <Notes client={client} />;
}
