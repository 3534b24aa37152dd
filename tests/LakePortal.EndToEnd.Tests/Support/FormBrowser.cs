using System.Net;
using System.Text.RegularExpressions;

namespace LakePortal.EndToEnd.Tests.Support;

/// <summary>Forms and cookies, without scripts.</summary>
internal sealed partial class FormBrowser(Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer(), UseProxy = false })
    {
        BaseAddress = url,
        DefaultRequestHeaders = { Accept = { new("text/html") } },
    };

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(new Uri(path, UriKind.Relative));

    /// <returns>Where the answer leads.</returns>
    public async Task<string> PostFormAsync(string path, params (string Name, string Value)[] fields)
    {
        using var page = await GetAsync(path);
        var token = AntiforgeryField().Match(await page.Content.ReadAsStringAsync()).Groups[1].Value;
        using var form = new FormUrlEncodedContent(
            fields.Append((Name: "__RequestVerificationToken", Value: token)).Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), form);
        return answer.Headers.Location?.OriginalString ?? $"{(int)answer.StatusCode}";
    }

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]*value=\"([^\"]+)\"")]
    private static partial Regex AntiforgeryField();
}
