"use client";
// For pages whose numbers move by themselves: looks again every few seconds while somebody sees the page.
import { useRouter } from "next/navigation";
import { useEffect } from "react";

/** Renders nothing, keeps the page fresh. */
export const Refresh = ({ everyMs }: { everyMs: number }): null => {
  const router = useRouter();
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && router.refresh(), everyMs);
    return () => clearInterval(timer);
  }, [router, everyMs]);
  return null;
};
