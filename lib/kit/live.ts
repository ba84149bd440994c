// The server side of news: one LISTEN connection per process, fan-out to server-sent event streams and to in-process listeners. A lost
// connection is opened again and catches up from the last number, so nobody misses an event because PostgreSQL restarted.
import pg from "pg";
import { pool } from "#db";
import { log } from "#lib/kit/log.ts";
import { lastNewsId, type News, outboxChannel, readNews } from "#lib/kit/outbox.ts";

type Listener = (news: News) => void;

/** Hears the outbox until stopped; listeners are called in order of the numbers. */
export const openNewsroom = async (): Promise<{ listen: (listener: Listener) => () => void; stop: () => Promise<void> }> => {
  const listeners = new Set<Listener>();
  let lastId = await lastNewsId();
  let isStopped = false;
  let isReading = false;
  let wantsMore = false;
  let client: pg.Client | null = null;

  const readOn = async (): Promise<void> => {
    wantsMore = true;
    if (isReading) return;
    isReading = true;
    while (wantsMore && !isStopped) {
      wantsMore = false;
      const events = await readNews(lastId).catch(() => []);
      for (const event of events) {
        lastId = event.id;
        for (const listener of listeners) listener(event);
      }
      if (events.length === 500) wantsMore = true;
    }
    isReading = false;
  };

  const connect = async (): Promise<void> => {
    if (isStopped) return;
    const opened = new pg.Client({ connectionString: pool().options.connectionString, application_name: "atelier news" });
    const again = () => {
      if (client === opened) client = null;
      opened.end().catch(() => {});
      if (!isStopped) setTimeout(() => void connect(), 500).unref();
    };
    opened.once("error", again);
    opened.once("end", () => client === opened && again());
    try {
      await opened.connect();
      opened.on("notification", () => void readOn());
      await opened.query(`listen ${outboxChannel}`);
      client = opened;
      await readOn();
    } catch (error) {
      log.warn("news: database unreachable, trying again", { error: String(error) });
      again();
    }
  };

  await connect();
  return {
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: async () => {
      isStopped = true;
      await client?.end().catch(() => {});
    },
  };
};
