import { serveTabs } from "../tabs/owner.js";
import { createPglite } from "./create.js";
import { ownPglite } from "./driver.js";

serveTabs(async ({ directory, initialData }) => ownPglite(await createPglite(directory, initialData)));
