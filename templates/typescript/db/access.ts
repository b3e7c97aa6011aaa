/** Who may see and edit which fields of a model, as the spec's `x-rbac` and `x-owner-only` say it. */
export interface Access {
  /** Group to its fields. */
  readonly field_groups?: Readonly<Record<string, readonly string[]>>;
  /** Role to what it may do with each group: a permission, or several. */
  readonly role_permissions?: Readonly<Record<string, Readonly<Record<string, Permission>>>>;
  /** Fields that are for the row's owner. */
  readonly owner_only?: readonly string[];
}

type Permission = string | boolean | null | readonly string[];

const EDITING = ["write", "edit", "update", "admin", "*"];

/**
 * Whether the role may edit the field: where the field is in groups, one of them must allow it. The server has the last
 * word; this is for what the application shows.
 */
export function canEdit(access: Access, role: string, field: string, isOwner: boolean): boolean {
  if (access.owner_only?.includes(field) && !isOwner) return false;
  const groups = Object.entries(access.field_groups ?? {}).filter(([, fields]) => fields.includes(field));
  const permissions = access.role_permissions?.[role] ?? {};
  return groups.length === 0 || groups.some(([group]) => allowsEditing(permissions[group] ?? false));
}

function allowsEditing(permission: Permission): boolean {
  if (typeof permission === "boolean") return permission;
  const words = typeof permission === "string" ? permission.split(/[\s,]+/) : (permission ?? []);
  return words.some((word) => EDITING.includes(word));
}
