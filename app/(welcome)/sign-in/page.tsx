// The sign-in page.
import { SignIn } from "#components/welcome/doors.tsx";

export const metadata = { title: "Sign in" };

export default function Page() {
  return <SignIn />;
}
