"use client";

import * as client from "../../src/generated/indexeddb";
import { Notes } from "../notes";

export default function Page() {
  return <Notes client={client} />;
}
