namespace LakePortal.Cli.Shop;

/// <summary>Vocabulary of the shop.</summary>
internal static class Words
{
    public static readonly string[] FirstNames =
    [
        "Anna", "Ben", "Chloé", "David", "Elif", "Felix", "Giulia", "Hassan", "Ines", "Jürgen", "Katarzyna", "Luca", "Maja", "Noah", "Olivia",
        "Paweł", "Quentin", "Rosa", "Søren", "Tomás", "Ursula", "Viktor", "Wanda", "Xin", "Yasmin", "Zoë", "Åsa", "明", "Дмитрий", "Nguyễn",
    ];

    public static readonly string[] LastNames =
    [
        "Müller", "Smith", "O'Neill", "García", "Rossi", "Kowalski", "Dubois", "Jansen", "Nielsen", "Novák", "Yılmaz", "Silva", "Andersson",
        "Horváth", "Papadopoulos", "Weber", "Taylor", "Moreau", "Bianchi", "Svensson", "Fischer", "Lefèvre", "de Vries", "Ivanova", "Tanaka",
    ];

    public static readonly string[] Countries = ["DE", "DE", "DE", "FR", "FR", "NL", "PL", "IT", "ES", "AT", "SE", "DK", "CZ", "GB", "GB", "US"];

    public static readonly string[] Interests = ["garden", "kitchen", "audio", "sports", "home", "office", "toys", "outdoor"];

    public static readonly string[] Categories = ["Audio", "Garden", "Home", "Kitchen", "Office", "Outdoor", "Sports", "Toys"];

    public static readonly string[] Adjectives =
        ["Compact", "Quiet", "Solar", "Folding", "Smart", "Classic", "Rugged", "Light", "Foldable", "Wireless", "Organic", "Insulated"];

    public static readonly string[] Nouns =
    [
        "Speaker", "Pruner", "Lamp", "Kettle", "Chair", "Tent", "Ball", "Puzzle", "Headphones", "Hose", "Heater", "Pan", "Desk", "Backpack",
        "Mat", "Train", "Microphone", "Rake", "Fan", "Blender", "Shelf", "Bottle", "Racket", "Robot",
    ];

    public static readonly string[] Cities = ["Berlin", "Lyon", "Utrecht", "Kraków", "Torino", "Sevilla", "Graz", "Göteborg", "Århus", "Brno", "Leeds", "Austin"];

    public static readonly string[] Channels = ["web", "web", "web", "app", "app", "store", "marketplace"];

    public static readonly string[] FailureCodes = ["insufficient_funds", "card_declined", "expired_card", "3ds_failed", "gateway_timeout"];

    public static readonly string[] Subjects =
    [
        "Where is my parcel?", "Wrong item received", "Refund for order", "Cannot sign in", "Device does not connect",
        "Invoice needed", "Payment was taken twice", "Colour differs from the picture",
    ];

    public static readonly string[] Bodies =
    [
        "Hello,\nI have been waiting for a week now.\nKind regards", "The box held a different product. Please advise.",
        "I sent it back on Monday;\tthe money has not arrived.", "The page says \"unknown user\" although I registered.",
        "It blinks red twice and then stops \\o/", "Please send the invoice with our VAT number. Merci 🙂", "Two bookings of the same amount.", "It looks green, not blue.",
    ];

    public static readonly string[] Labels = ["shipping", "returns", "billing", "account", "hardware", "quality"];

    public static readonly string[] DeviceModels = ["LP-Sense 1", "LP-Sense 2", "LP-Cam", "LP-Hub", "LP-Plug"];
}
