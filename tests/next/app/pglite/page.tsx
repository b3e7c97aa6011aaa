"use client";

import * as client from "../../src/generated/pglite";
import { Notes } from "../notes";

export default function Page() {
  return <Notes client={client} />;
}
