interface Note {
  readonly id: string;
  readonly title: string;
}

const notes: Note[] = [{ id: "00000000-0000-4000-8000-000000000001", title: "From the server" }];

export const dynamic = "force-dynamic";

export function GET(): Response {
  return Response.json(notes);
}

export async function POST(request: Request): Promise<Response> {
  const note = (await request.json()) as Note;
  notes.push(note);
  return Response.json(note, { status: 201 });
}
