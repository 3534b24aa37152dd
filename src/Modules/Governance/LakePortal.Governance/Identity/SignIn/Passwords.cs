using System.Security.Cryptography;
using LakePortal.Governance.Persistence;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace LakePortal.Governance.Identity.SignIn;

internal sealed class Passwords
{
    private const int ShortestAllowed = 12;
    private const int LongestAllowed = 256;

    // No 0/o, 1/l/i: it is read from a screen and typed.
    private const string OneTimeAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";

    private static readonly string[] Common =
        ["password1234", "123456789012", "qwertyuiop12", "administrator", "lakeportal123", "passwordpassword", "letmeinletmein", "changemechangeme"];

    // PBKDF2-HMAC-SHA512 with the count that OWASP's password storage cheat sheet names for it.
    private readonly PasswordHasher<UserRow> _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = 210_000 }));
    private readonly Lazy<string> _unknown;

    public Passwords() => _unknown = new Lazy<string>(() => Hash("no one has this password"));

    public string Hash(string password) => _hasher.HashPassword(null!, password);

    /// <summary>Takes as long for an unknown user (<paramref name="hash"/> null) as for a known one.</summary>
    public bool Verify(string? hash, string password)
    {
        if (password.Length > LongestAllowed)
        {
            return false;
        }

        var result = _hasher.VerifyHashedPassword(null!, hash ?? _unknown.Value, password);
        return hash is not null && result != PasswordVerificationResult.Failed;
    }

    /// <exception cref="WeakPasswordException">Breaks a rule, which it names.</exception>
    public static void Check(string user, string password)
    {
        if (password.Length < ShortestAllowed)
        {
            throw new WeakPasswordException($"A password has at least {ShortestAllowed} characters.");
        }

        if (password.Length > LongestAllowed)
        {
            throw new WeakPasswordException($"A password has at most {LongestAllowed} characters.");
        }

        var lower = password.ToLowerInvariant();
        if (lower.Contains(user, StringComparison.Ordinal) && user.Length > 2)
        {
            throw new WeakPasswordException("A password must not contain the user name.");
        }

        if (lower.Distinct().Count() < 5 || Common.Any(c => lower.StartsWith(c, StringComparison.Ordinal)))
        {
            throw new WeakPasswordException("This password is among the first that would be guessed.");
        }
    }

    /// <summary>About 99 random bits, in groups of four.</summary>
    public static string OneTime() =>
        string.Join('-', Enumerable.Range(0, 5).Select(_ => RandomNumberGenerator.GetString(OneTimeAlphabet, 4)));

    public static string Stamp() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
