import type { Person } from "./app/people.js";

declare global {
  namespace App {
    interface Locals {
      /** Who sends the request; null where nobody is signed in. */
      user: Person | null;
    }
  }
}
