const EVERYTHING = "*";
const EDITING = ["write", "edit", "update", "admin", EVERYTHING];

/**
 * Whether a role may edit a field, by the metadata of its model: `owner_only` lists fields that are for the row's owner,
 * `field_groups` the fields of each group, and `role_permissions` what each role may do, as `{ group: "write" }` or as
 * `{ write: ["group"] }`. A field that is in groups can be edited where one of them allows it; any other can be.
 */
export function canEdit(access: object, role: string, field: string, isOwner: boolean): boolean {
  if (words(member(access, "owner_only")).includes(field) && !isOwner) return false;
  const groups = Object.entries(member(access, "field_groups") ?? {});
  const ofField = groups.filter(([, fields]) => words(fields).includes(field));
  const permissions = member(member(access, "role_permissions"), role);
  return ofField.length === 0 || ofField.some(([group]) => canEditGroup(permissions, group));
}

function canEditGroup(permissions: unknown, group: string): boolean {
  return (
    words(member(permissions, group)).some((word) => EDITING.includes(word)) ||
    EDITING.some((action) => words(member(permissions, action)).some((word) => word === group || word === EVERYTHING))
  );
}

/** The metadata are the document's own, and may be anything. */
function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

function words(value: unknown): string[] {
  if (value === true) return [EVERYTHING];
  if (Array.isArray(value)) return value.filter((word) => typeof word === "string");
  return typeof value === "string" ? value.split(/[\s,]+/) : [];
}
