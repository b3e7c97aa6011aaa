/** The column that carries the id of a write, here and on the server. */
export const WRITE_ID = "write_id";

/** The server's transaction ids are 32 bits wide in some places and 64 in others. */
export function transactionId(id: string | number | bigint): string {
  return String(BigInt(id) & 0xffff_ffffn);
}
