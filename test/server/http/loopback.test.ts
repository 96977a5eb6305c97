/** Every spelling of the loopback address is that, and nothing else is. */
import t from "tap";
import { bareHost, isLoopback } from "../../../server/http/loopback.ts";

t.test("isLoopback()", (t) => {
  const are =
    "localhost LOCALHOST localhost. a.localhost 127.0.0.1 127.0.0.2 127.255.255.254 127.1 0x7f.1 2130706433";
  const v6 = "::1 [::1] 0:0:0:0:0:0:0:1 [0:0:0:0:0:0:0:1] ::ffff:127.0.0.1 [::FFFF:127.3.2.1] ::0001";
  for (const host of [...are.split(" "), ...v6.split(" ")]) t.ok(isLoopback(host), host);
  const not =
    "0.0.0.0 :: [::] 10.0.0.1 128.0.0.1 127.0.0.1.evil.com localhost.evil.com evillocalhost 127.0.0.256 ::2 ::ffff:10.0.0.1 " +
    "localhost:80 127.0.0.1:80 a@127.0.0.1 localhost/x localhost#x [::1 ::1] [[::1]] [::1]:80 example.com";
  for (const host of ["", " ", " localhost", ...not.split(" ")]) t.notOk(isLoopback(host), host);
  t.equal(bareHost("[::1]"), "::1");
  t.equal(bareHost("127.0.0.1"), "127.0.0.1");
  t.end();
});
