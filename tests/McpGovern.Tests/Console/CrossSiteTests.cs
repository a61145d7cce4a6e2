using System.Collections.Concurrent;
using McpGovern.Calls;
using McpGovern.Tests.Calls;
using McpGovern.Tests.Processes;
using Microsoft.Playwright;

namespace McpGovern.Tests.ConsolePages;

/// <summary>Every way in which a page of somebody else can make an approver's browser send something, from every kind of elsewhere: nothing is decided.</summary>
public sealed class CrossSiteTests(ChromiumHouse chromium) : IClassFixture<ChromiumHouse>
{
    /// <summary>Each is tried for itself; what fails or hangs is as good as any other end of it.</summary>
    private const string Attacks = """
        async ({ root, id, hash }) => {
          const page = `${root}approvals/${id}`, rest = `${root}api/v1/calls/${id}/approve`, jamjet = `${root}executions/${id}/approve`;
          const fields = { decision: 'approve', expected_hash: hash, token: 'guess', comment: '' }, json = JSON.stringify({ decision: 'approved', expected_hash: hash });
          const form = new URLSearchParams(fields), within = work => Promise.race([work, new Promise(end => setTimeout(end, 1500))]).catch(() => {});
          const loaded = element => within(new Promise(end => { element.onload = element.onerror = end; document.body.append(element); }));
          const element = (name, members) => Object.assign(document.createElement(name), members);
          const send = async (method, enctype, action, target) => {
            const frame = element('iframe', { name: 'f' + Math.random() });
            document.body.append(frame);
            const sent = element('form', { method, enctype, action, target: target ?? frame.name });
            for (const [name, value] of Object.entries(enctype === 'text/plain' ? { [json.slice(0, -1) + ',"x":"']: '"}' } : fields)) sent.append(element('input', { name, value }));
            document.body.append(sent);
            const answered = new Promise(end => frame.onload = end);
            sent.submit();
            await within(answered);
          };
          const ways = [];
          for (const url of [page, rest, jamjet]) {
            ways.push(
              () => send('post', 'application/x-www-form-urlencoded', url), () => send('post', 'multipart/form-data', url), () => send('post', 'text/plain', url), () => send('get', '', url),
              () => within(fetch(url, { method: 'POST', credentials: 'include', body: form })),
              () => within(fetch(url, { method: 'POST', credentials: 'include', mode: 'no-cors', body: form })),
              () => within(fetch(url, { method: 'POST', credentials: 'include', mode: 'no-cors', body: json })),
              () => within(fetch(url, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: json })),
              () => within(new Promise(end => { const x = new XMLHttpRequest(); x.withCredentials = true; x.onloadend = end; x.open('POST', url); x.send(form); })),
              () => { navigator.sendBeacon(url, form); return within(new Promise(end => setTimeout(end, 200))); },
              () => loaded(element('img', { src: `${url}?${form}` })), () => loaded(element('script', { src: `${url}?${form}` })), () => loaded(element('iframe', { src: `${url}?${form}` })),
              () => loaded(element('link', { rel: 'stylesheet', href: `${url}?${form}` })), () => loaded(element('link', { rel: 'prefetch', href: `${url}?${form}` })),
              () => loaded(element('object', { data: `${url}?${form}` })),
              () => within(new Promise(end => { const s = new WebSocket(url.replace('http', 'ws')); s.onclose = end; })),
              () => within(new Promise(end => { const s = new EventSource(url, { withCredentials: true }); s.onerror = () => { s.close(); end(); }; })));
          }
          ways.push(() => send('post', 'application/x-www-form-urlencoded', page, '_blank'));
          for (const way of ways) { try { await way(); } catch { } }
          return ways.length;
        }
        """;

    [SkippableTheory]
    [InlineData("another site")]
    [InlineData("another port")]
    [InlineData("a sandbox without an origin")]
    [Trait("attack", "S4")]
    public async Task Page_OfSomebodyElse_DecidesNothing_WhateverItSends(string from)
    {
        await using var house = await ConsoleHouse.OpenAsync();
        await using var person = await chromium.OpenAsync();
        var call = await house.Gateway.ParkAsync("echo");
        await person.LoginAsync(house.Gateway.Links.For(call)!, ConsoleHouse.AliceKey);
        await Assertions.Expect(person.Page.GetByRole(AriaRole.Heading, new() { Name = "Approve this call?" })).ToBeVisibleAsync();
        var view = await house.Gateway.ViewAsync(call);
        var answered = new ConcurrentQueue<(string Method, int Status)>();
        person.Page.Context.Response += (_, response) =>
        {
            if (new Uri(response.Url).Authority == house.Address.Authority)
                answered.Enqueue((response.Request.Method, response.Status));
        };

        await using var stranger = await StrangersSite.StartAsync("<p>hello</p>");
        var port = new UriBuilder(stranger.Address) { Host = "127.0.0.1" }.Uri;
        await person.Page.GotoAsync((from == "another port" ? port : stranger.Address).ToString());
        if (from.StartsWith("a sandbox", StringComparison.Ordinal))
            await person.Page.EvaluateAsync("() => new Promise(end => { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts allow-forms allow-popups'; f.srcdoc = '<p>hello</p>'; f.onload = end; document.body.append(f); })");
        var tried = await person.Page.Frames[^1].EvaluateAsync<int>(Attacks, new { root = house.Address.ToString(), id = call, hash = view.CallHash });

        Assert.True(tried >= 40, $"{tried} ways");
        // The page gives each way its time, and the browser tells of the answers in its own.
        await Eventually.TrueAsync(() => Posts().Length >= 9, () => $"only {Posts().Length} got as far as the server: {string.Join(' ', answered)}");
        var posts = Posts();
        // What reaches the one that decides is answered with what became of it: 200, 303 or 409.
        Assert.All(posts, answer => Assert.Contains(answer.Status, (int[])[400, 401, 403, 404, 405, 415]));
        Assert.All(answered.Where(answer => answer.Method != "POST"), answer => Assert.NotEqual(201, answer.Status));
        Assert.Equal(("pending", view.Version), ((await house.Gateway.ViewAsync(call)).Status, (await house.Gateway.ViewAsync(call)).Version));
        Assert.Empty(house.Ledger);

        // The login was good all the while.
        await person.Page.GotoAsync(house.Gateway.Links.For(call)!);
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await house.Gateway.UntilAsync(call, "succeeded");

        (string Method, int Status)[] Posts() => [.. answered.Where(answer => answer.Method == "POST")];
    }
}
