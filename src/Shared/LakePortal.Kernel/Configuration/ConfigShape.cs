using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;

namespace LakePortal.Kernel.Configuration;

/// <param name="Name">As written in documents.</param>
/// <param name="Default">Value when the key is absent; <see cref="DBNull"/> when there is none to compare with.</param>
internal sealed record ConfigKey(string Name, Type Type, bool IsRequired, bool IsNullable, object? Default, PropertyInfo Property, ParameterInfo? Parameter);

/// <summary>How a record looks as a document. Built once per type.</summary>
internal sealed class ConfigShape
{
    private static readonly ConcurrentDictionary<Type, ConfigShape> Known = new();
    private static readonly ConcurrentDictionary<Type, IReadOnlyDictionary<string, object>> Enums = new();

    private readonly ConstructorInfo _constructor;
    private readonly ConfigKey[] _arguments;

    private ConfigShape(Type type)
    {
        _constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            // A record's copy constructor takes the record itself.
            .Where(c => c.GetParameters() is not [{ ParameterType: var only }] || only != type)
            .OrderByDescending(c => c.GetParameters().Length)
            .FirstOrDefault() ?? throw new InvalidOperationException($"{type} has no constructor and cannot be bound.");
        var parameters = _constructor.GetParameters();
        var nullability = new NullabilityInfoContext();
        Dictionary<string, ConfigKey> keys = new(StringComparer.Ordinal);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0))
        {
            var parameter = parameters.FirstOrDefault(p => string.Equals(p.Name, property.Name, StringComparison.Ordinal));
            if (parameter is null && !property.CanWrite)
            {
                continue;
            }

            var name = property.GetCustomAttribute<ConfigNameAttribute>()?.Name ?? parameter?.GetCustomAttribute<ConfigNameAttribute>()?.Name ?? Snake(property.Name);
            var isNullable = Nullable.GetUnderlyingType(property.PropertyType) is not null
                || (!property.PropertyType.IsValueType && nullability.Create(property).ReadState == NullabilityState.Nullable);
            var isRequired = !isNullable && (parameter is { HasDefaultValue: false }
                || property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null);
            keys[name] = new ConfigKey(name, property.PropertyType, isRequired, isNullable, parameter is { HasDefaultValue: true } ? parameter.DefaultValue : DBNull.Value, property, parameter);
        }

        Keys = keys;
        // Found once and kept: reflection hands out other instances of the same parameters when two threads ask it first.
        _arguments = [.. parameters.Select(p => keys.Values.FirstOrDefault(k => k.Parameter == p)
            ?? throw new InvalidOperationException($"{type}: every constructor parameter needs a property of the same name."))];
    }

    /// <summary>In the order of declaration.</summary>
    public IReadOnlyDictionary<string, ConfigKey> Keys { get; }

    public static ConfigShape Of(Type type) => Known.GetOrAdd(type, t => new ConfigShape(t));

    public static bool IsScalar(Type type) =>
        type == typeof(string) || type == typeof(bool) || type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(decimal)
        || type == typeof(TimeSpan) || type == typeof(ByteSize) || type.IsEnum;

    public static Type? ItemOf(Type type) => type.IsArray
        ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() is var open && (open == typeof(IReadOnlyList<>) || open == typeof(IReadOnlyCollection<>) || open == typeof(IEnumerable<>) || open == typeof(List<>))
            ? type.GenericTypeArguments[0]
            : null;

    public static Type? EntryOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is var open && (open == typeof(IReadOnlyDictionary<,>) || open == typeof(IDictionary<,>) || open == typeof(Dictionary<,>))
            ? type.GenericTypeArguments[1]
            : null;

    /// <summary>Text → value, in the order of declaration.</summary>
    public static IReadOnlyDictionary<string, object> EnumNames(Type type) => Enums.GetOrAdd(type, static t =>
    {
        Dictionary<string, object> names = new(StringComparer.Ordinal);
        foreach (var field in t.GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            names[field.GetCustomAttribute<ConfigNameAttribute>()?.Name ?? Snake(field.Name).Replace('_', '-')] = field.GetValue(null)!;
        }

        return names;
    });

    public object Create(IReadOnlyDictionary<string, object?> values)
    {
        var arguments = _arguments
            .Select(k => values.TryGetValue(k.Name, out var value) ? value : k.Parameter!.HasDefaultValue ? k.Parameter.DefaultValue : null)
            .ToArray();
        var result = _constructor.Invoke(arguments);
        foreach (var key in Keys.Values.Where(k => k.Parameter is null))
        {
            if (values.TryGetValue(key.Name, out var value))
            {
                key.Property.SetValue(result, value);
            }
        }

        return result;
    }

    internal static string Snake(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && (char.IsLower(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]))))
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
