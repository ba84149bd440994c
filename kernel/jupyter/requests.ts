// Running a snippet by plain HTTP (the jupyter-server-nbmodel shape): POST starts it, GET tells how far it is: 202 pending, 300 waits for
// input, 200 done with nbformat outputs. The outputs are gathered here, so that nobody need keep a socket open.
import { randomUUID } from "node:crypto";
import type { Entry } from "#kernel/journal.ts";
import { type Message, message } from "#kernel/jupyter/wire.ts";
import type { Kernel } from "#kernel/kernel.ts";

type Output = Record<string, unknown> & { output_type: string };
type Request = {
  id: string;
  metadata: Record<string, unknown>;
  outputs: Output[];
  displayIds: (string | null)[];
  clearsNext: boolean;
  question: Message | null;
  reply: Message["content"] | null;
  isDone: boolean;
};

const kept = 200;
const outputLimit = 10_000;
const textLimit = 5_000_000;

export type Progress =
  | { status: 202 }
  | { status: 300; body: { parent_header: unknown; input_request: Record<string, unknown> } }
  | { status: 200; body: { status: unknown; execution_count: unknown; outputs: string } };

const clear = (request: Request): void => {
  request.outputs = [];
  request.displayIds = [];
  request.clearsNext = false;
};

const add = (request: Request, output: Output, displayId: string | null = null): void => {
  if (request.clearsNext) clear(request);
  const last = request.outputs.at(-1);
  if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
    if (String(last.text).length < textLimit) last.text = String(last.text) + String(output.text);
    return;
  }
  if (request.outputs.length >= outputLimit) return;
  request.outputs.push(output);
  request.displayIds.push(displayId);
};

const displayIdOf = (content: Message["content"]): string | null =>
  (content.transient as { display_id?: string } | undefined)?.display_id ?? null;

const gather = (request: Request, { msg }: Entry): void => {
  const { content } = msg;
  const type = msg.header.msg_type;
  if (type === "stream") add(request, { output_type: "stream", name: content.name, text: content.text });
  else if (type === "display_data")
    add(request, { output_type: type, data: content.data, metadata: content.metadata ?? {} }, displayIdOf(content));
  else if (type === "execute_result")
    add(request, { output_type: type, data: content.data, metadata: content.metadata ?? {}, execution_count: content.execution_count });
  else if (type === "error")
    add(request, { output_type: type, ename: content.ename, evalue: content.evalue, traceback: content.traceback });
  else if (type === "clear_output") {
    if (content.wait === true) request.clearsNext = true;
    else clear(request);
  } else if (type === "update_display_data") {
    for (const [index, id] of request.displayIds.entries())
      if (id !== null && id === displayIdOf(content))
        Object.assign(request.outputs[index]!, { data: content.data, metadata: content.metadata ?? {} });
  } else if (type === "input_request") request.question = msg;
  else if (type === "execute_reply") request.reply = content;
  else if (type === "status" && content.execution_state === "idle") request.isDone = true;
};

const books = new WeakMap<Kernel, Map<string, Request>>();
const bookOf = (kernel: Kernel): Map<string, Request> => {
  const known = books.get(kernel);
  if (known) return known;
  const made = new Map<string, Request>();
  books.set(kernel, made);
  return made;
};

/** Queues a snippet and answers its id. */
export const startRequest = (kernel: Kernel, body: { code: string; metadata: Record<string, unknown> }): string => {
  const id = randomUUID();
  const request: Request = {
    id,
    metadata: body.metadata,
    outputs: [],
    displayIds: [],
    clearsNext: false,
    question: null,
    reply: null,
    isDone: false,
  };
  const book = bookOf(kernel);
  book.set(id, request);
  for (const one of book.values()) if (book.size > kept && one.isDone) book.delete(one.id);
  const { stop } = kernel.journal.read(kernel.journal.last(), (entry) => {
    if (entry.msg.parent_header.msg_id !== id) return;
    gather(request, entry);
    if (request.isDone && request.reply) stop();
  });
  const content = { code: body.code, silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true };
  const made = message("execute_request", `request-${id}`, {}, content);
  kernel.take("shell", { ...made, header: { ...made.header, msg_id: id } });
  return id;
};

/** How far a snippet is; null when there is none of that id. */
export const progressOf = (kernel: Kernel, id: string): Progress | null => {
  const request = bookOf(kernel).get(id);
  if (!request) return null;
  if (request.isDone && request.reply)
    return {
      status: 200,
      body: {
        status: request.reply.status,
        execution_count: request.reply.execution_count ?? null,
        outputs: JSON.stringify(request.outputs),
      },
    };
  if (request.question) return { status: 300, body: { parent_header: request.question.header, input_request: request.question.content } };
  return { status: 202 };
};

/** Answers the question a snippet waits with; false when none does. */
export const answerInput = (kernel: Kernel, value: string): boolean => {
  const asking = [...bookOf(kernel).values()].find((one) => one.question && !one.isDone);
  if (!asking) return false;
  const { header } = asking.question!;
  asking.question = null;
  kernel.take("stdin", message("input_reply", `request-${asking.id}`, header, { value }));
  return true;
};

/** Snippets that wait or run. */
export const activeRequests = (kernel: Kernel): { id: string; metadata: Record<string, unknown> }[] =>
  [...bookOf(kernel).values()].filter((one) => !one.isDone).map(({ id, metadata }) => ({ id, metadata }));
