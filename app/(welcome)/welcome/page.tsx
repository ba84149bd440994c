// The page behind the one-time link of the first start.
import { Claim } from "#components/welcome/doors.tsx";

export const metadata = { title: "Welcome" };

export default async function Page({ searchParams }: { searchParams: Promise<{ code?: string }> }) {
  return <Claim code={(await searchParams).code ?? ""} />;
}
