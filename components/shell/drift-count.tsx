"use client";
// How many endpoints have drifted, beside Monitoring on every page: what wants somebody is seen from anywhere.
import { useEffect, useState } from "react";
import { call } from "#lib/kit/call.ts";
import { countDrifted } from "#lib/monitoring/contract.ts";

export const DriftCount = ({ workspace }: { workspace: string }) => {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    call(countDrifted, { workspace }, { signal: gone.signal }).then(
      ({ endpoints }) => setCount(endpoints),
      () => {}, // the page itself says when the product does not answer
    );
    return () => gone.abort();
  }, [workspace]);
  if (count === 0) return null;
  return (
    <b className="count" title={`${count} ${count === 1 ? "endpoint has" : "endpoints have"} drifted in 24 hours`}>
      {count}
    </b>
  );
};
