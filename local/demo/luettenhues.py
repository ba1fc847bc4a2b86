"""Lüttenhüs: an invented German retailer of home goods and fashion. All of it is made up.

Towns and coordinates are real places; streets, products, prices and people are not.
"""

from typing import Final

from local.demo.shape import Extra, Family, House, Retailer, Town

_Z: Final = "Europe/Berlin"

_NORTH: Final = (
    Town("hamburg", "Hamburg", "HH", "20095", 53.5511, 9.9998, _Z, "Wiesenkontor 4"),
    Town("bremen", "Bremen", "HB", "28195", 53.0793, 8.8071, _Z, "Ankergasse 11"),
    Town("hannover", "Hannover", "NI", "30159", 52.3744, 9.7386, _Z, "Lindenpassage 20"),
    Town("kiel", "Kiel", "SH", "24103", 54.3227, 10.1356, _Z, "Fördeblick 2"),
    Town("luebeck", "Lübeck", "SH", "23552", 53.8664, 10.6849, _Z, "Salzhof 7"),
    Town("rostock", "Rostock", "MV", "18055", 54.0886, 12.1405, _Z, "Möwenweg 15"),
    Town("braunschweig", "Braunschweig", "NI", "38100", 52.2646, 10.5236, _Z, "Löwengang 3"),
    Town("bielefeld", "Bielefeld", "NW", "33602", 52.0212, 8.5347, _Z, "Leinenhof 9"),
)
_WEST: Final = (
    Town("koeln", "Köln", "NW", "50667", 50.9387, 6.9540, _Z, "Krämergasse 31"),
    Town("duesseldorf", "Düsseldorf", "NW", "40212", 51.2236, 6.7823, _Z, "Königsbrücke 8"),
    Town("dortmund", "Dortmund", "NW", "44137", 51.5136, 7.4653, _Z, "Hüttenplatz 1"),
    Town("essen", "Essen", "NW", "45127", 51.4566, 7.0123, _Z, "Zechenbogen 14"),
    Town("duisburg", "Duisburg", "NW", "47051", 51.4325, 6.7652, _Z, "Hafenstiege 6"),
    Town("bochum", "Bochum", "NW", "44787", 51.4818, 7.2162, _Z, "Schlegelgasse 22"),
    Town("wuppertal", "Wuppertal", "NW", "42103", 51.2562, 7.1508, _Z, "Schwebeweg 5"),
    Town("bonn", "Bonn", "NW", "53111", 50.7353, 7.1021, _Z, "Beethovenhof 17"),
    Town("muenster", "Münster", "NW", "48143", 51.9625, 7.6257, _Z, "Prinzipalgang 12"),
    Town("aachen", "Aachen", "NW", "52062", 50.7756, 6.0836, _Z, "Printenwinkel 3"),
    Town("moenchengladbach", "Mönchengladbach", "NW", "41061", 51.1947, 6.4357, _Z, "Webereck 10"),
)
_MIDDLE: Final = (
    Town("frankfurt", "Frankfurt am Main", "HE", "60313", 50.1153, 8.6823, _Z, "Mainbogen 41"),
    Town("wiesbaden", "Wiesbaden", "HE", "65183", 50.0826, 8.2400, _Z, "Quellenhof 5"),
    Town("mainz", "Mainz", "RP", "55116", 49.9989, 8.2737, _Z, "Rebgasse 19"),
    Town("kassel", "Kassel", "HE", "34117", 51.3155, 9.4957, _Z, "Brüderallee 2"),
    Town("mannheim", "Mannheim", "BW", "68161", 49.4883, 8.4660, _Z, "Quadrat 88"),
    Town("karlsruhe", "Karlsruhe", "BW", "76133", 49.0095, 8.4037, _Z, "Fächerweg 13"),
    Town("stuttgart", "Stuttgart", "BW", "70173", 48.7784, 9.1800, _Z, "Kesselplatz 6"),
    Town("freiburg", "Freiburg im Breisgau", "BW", "79098", 47.9961, 7.8494, _Z, "Bächlestraße 4"),
)
_EAST: Final = (
    Town("berlin", "Berlin", "BE", "10117", 52.5170, 13.3889, _Z, "Spreekontor 27"),
    Town("leipzig", "Leipzig", "SN", "04109", 51.3397, 12.3731, _Z, "Messehof 16"),
    Town("dresden", "Dresden", "SN", "01067", 51.0504, 13.7373, _Z, "Elbterrasse 9"),
    Town("chemnitz", "Chemnitz", "SN", "09111", 50.8333, 12.9200, _Z, "Spindelgasse 1"),
    Town("erfurt", "Erfurt", "TH", "99084", 50.9787, 11.0328, _Z, "Krämerzeile 8"),
    Town("nuernberg", "Nürnberg", "BY", "90402", 49.4521, 11.0767, _Z, "Lebküchnergasse 21"),
    Town("muenchen", "München", "BY", "80331", 48.1374, 11.5755, _Z, "Rosenhöfe 33"),
    Town("augsburg", "Augsburg", "BY", "86150", 48.3668, 10.8986, _Z, "Fuggerwinkel 7"),
)
_UNNA = Town("unna", "Unna", "NW", "59423", 51.5378, 7.6897, _Z, "Am Güterring 100")
_HERSFELD = Town("hersfeld", "Bad Hersfeld", "HE", "36251", 50.8713, 9.7089, _Z, "Frachtallee 12")
_GERSTHOFEN = Town("gersthofen", "Gersthofen", "BY", "86368", 48.4249, 10.8730, _Z, "Lechfracht 5")
_VENDOR = Town("herford", "Herford", "NW", "32049", 52.1146, 8.6734, _Z, "Tischlerhof 3")

_SIZES = ("34", "36", "38", "40", "42", "44")
_MEN = ("S", "M", "L", "XL", "XXL")


def _worn(
    code: str, name: str, price: int, grams: int, colors: str, *, men: bool = False
) -> Family:
    return Family(
        code=code,
        name=name,
        category="mode",
        price_minor=price,
        weight_g=grams,
        sides_mm=(350, 260, 50),
        colors=tuple(colors.split()),
        sizes=_MEN if men else _SIZES,
        tags=("worn",),
    )


_FASHION: Final = (
    _worn("KLD-DUENE", "Kleid Düne", 8990, 310, "salbei rost nacht"),
    _worn("BLS-MOEWE", "Bluse Möwe", 5990, 160, "weiß himmel salbei"),
    _worn("MNT-FOEHN", "Mantel Föhn", 19990, 1150, "kamel anthrazit tanne"),
    _worn("PUL-SCHAF", "Pullover Schafwolle", 8490, 430, "natur moos beere"),
    _worn("ROC-FALTE", "Rock Plissée", 6990, 280, "tinte ocker beere"),
    _worn("HOS-LEINE", "Leinenhose Süd", 7490, 330, "sand oliv nacht"),
    _worn("STJ-GROEN", "Strickjacke Grönland", 9990, 510, "creme wald rost"),
    _worn("HMD-HAFEN", "Hemd Hafen", 5490, 240, "weiß blau streif", men=True),
    _worn("TRO-TROYER", "Troyer Küste", 9490, 560, "marine grau natur", men=True),
    _worn("JKT-OELZG", "Ölzeugjacke", 14990, 820, "gelb marine", men=True),
    _worn("CHI-CHINO", "Chino Elbe", 6990, 420, "beige nacht oliv", men=True),
)
_HOME: Final = (
    Family("BTW-PERKAL", "Bettwäsche Perkal", "textil", 6990, 980, (380, 280, 70),
           ("weiß", "salbei", "nebel", "rosé"), ("135x200", "155x220", "200x200"), per_store=5),
    Family("LAK-JERSEY", "Spannbettlaken Jersey", "textil", 2490, 560, (300, 220, 60),
           ("weiß", "sand", "grau"), ("90x200", "140x200", "180x200"), per_store=6),
    Family("HTU-WALK", "Handtuch Walkfrottier", "textil", 1690, 480, (320, 240, 60),
           ("weiß", "petrol", "ocker", "rosé"), ("50x100", "70x140"), per_store=10, store_share=55),
    Family("KIS-SAMT", "Kissenhülle Samt", "textil", 1990, 180, (400, 400, 30),
           ("grün", "curry", "altrosa", "blau"), ("40x40", "50x50"), per_store=8, store_share=50),
    Family("PLA-WOLLE", "Plaid Lammwolle", "textil", 7990, 940, (400, 300, 110),
           ("natur", "grau", "rost")),
    Family("STF-VORHG", "Vorhangstoff Leinen, halbmeterweise", "stoffe", 1450, 320,
           (300, 120, 60), ("natur", "salbei", "nacht"), step="0.5", per_store=60, store_share=45),
    Family("STF-BAUMW", "Baumwollstoff, halbmeterweise", "stoffe", 790, 190,
           (300, 110, 50), ("punkte", "blüten", "karo"), step="0.5", per_store=60, store_share=45),
    Family("TPF-KUPFER", "Kupfertopf", "küche", 12990, 1900, (280, 260, 170), (),
           ("16cm", "20cm", "24cm")),
    Family("PFN-GUSS", "Gusspfanne", "küche", 5490, 2600, (460, 280, 80), (),
           ("24cm", "28cm")),
    Family("MES-KOCH", "Kochmesser Solide", "küche", 7990, 260, (360, 70, 30), (),
           ("16cm", "20cm"), ("ab-18",)),
    Family("BRT-EICHE", "Schneidbrett Eiche", "küche", 3990, 1400, (400, 280, 40), (),
           ("klein", "groß")),
    Family("SHL-KERAM", "Müslischale Keramik", "geschirr", 1290, 420, (160, 160, 80),
           ("creme", "meer", "terra", "graphit"), per_store=12, store_share=60),
    Family("TLR-KERAM", "Essteller Keramik", "geschirr", 1590, 680, (280, 280, 40),
           ("creme", "meer", "terra", "graphit"), per_store=12, store_share=60),
    Family("BCH-KERAM", "Becher Frühstück", "geschirr", 1190, 330, (120, 95, 95),
           ("creme", "meer", "terra", "graphit"), per_store=14, store_share=65),
    Family("GLS-TRINK", "Trinkglas Wasserkante", "geschirr", 690, 240, (120, 80, 80),
           ("klar", "grün"), per_store=24, store_share=60),
    Family("VAS-GLAS", "Vase Flöte", "deko", 2990, 780, (330, 140, 140),
           ("klar", "rauch", "honig"), ("klein", "groß")),
    Family("KRZ-STUMP", "Stumpenkerze", "deko", 890, 410, (120, 80, 80),
           ("weiß", "honig", "wald", "wein"), per_store=16, store_share=65),
    Family("OEL-LAMPE", "Lampenöl", "deko", 990, 860, (240, 80, 80), ("klar",),
           ("0.5l", "1l"), ("brennbar",), hazmat=True, per_store=10, store_share=45),
    Family("LMP-TISCH", "Tischleuchte Glüh", "leuchten", 8990, 1500, (420, 260, 260),
           ("messing", "schwarz", "weiß"), tags=("zerbrechlich",)),
    Family("LMP-PENDL", "Pendelleuchte Schirm", "leuchten", 12990, 2100, (480, 480, 260),
           ("salbei", "natur"), ("35cm", "45cm"), ("sperrig",)),
    Family("SPG-RUND", "Spiegel Rund", "wohnen", 9990, 4200, (700, 700, 60),
           ("eiche", "schwarz"), ("50cm", "70cm"), ("sperrig", "zerbrechlich")),
    Family("TEP-JUTE", "Teppich Jute", "wohnen", 14990, 5600, (1200, 220, 220),
           ("natur", "nacht"), ("120x180", "160x230"), ("sperrig",)),
    Family("HOC-BUCHE", "Hocker Buche", "möbel", 7990, 3900, (460, 360, 360),
           ("natur", "grün", "rot"), tags=("sperrig",)),
    Family("REG-WAND", "Wandregal Brett", "möbel", 4990, 2400, (820, 220, 60),
           ("eiche", "weiß"), ("60cm", "80cm")),
    Family("KRB-WEIDE", "Weidenkorb", "ordnung", 3490, 900, (420, 320, 300),
           ("natur", "grau"), ("M", "L")),
    Family("BOX-FILZ", "Filzbox", "ordnung", 1990, 380, (320, 320, 80),
           ("grau", "senf", "petrol"), ("S", "M", "L")),
    Family("UHR-WAND", "Wanduhr Bahnsteig", "deko", 6990, 900, (320, 320, 60),
           ("weiß", "schwarz")),
    Family("SCH-WOLLE", "Schal Merino", "accessoires", 4990, 220, (300, 220, 50),
           ("natur", "beere", "petrol", "senf"), per_store=7, store_share=50),
    Family("MUE-STRCK", "Strickmütze", "accessoires", 2990, 90, (220, 200, 30),
           ("natur", "beere", "marine"), per_store=8, store_share=50),
    Family("HSH-LEDER", "Handschuhe Leder", "accessoires", 6490, 130, (260, 120, 40),
           ("schwarz", "cognac"), ("6.5", "7.5", "8.5")),
    Family("TAS-SHOPP", "Shopper Segeltuch", "accessoires", 5990, 620, (420, 380, 60),
           ("natur", "marine")),
    Family("GRT-LEDER", "Gürtel Sattler", "accessoires", 4490, 210, (160, 140, 60),
           ("braun", "schwarz"), ("85", "95", "105")),
    Family("SOC-WOLLE", "Wollsocken", "accessoires", 1490, 95, (200, 90, 40),
           ("natur", "grau", "wald"), ("36-38", "39-41", "42-44"), per_store=14, store_share=60),
    Family("KND-PYJAM", "Kinderpyjama Bär", "kinder", 2990, 240, (300, 220, 40),
           ("blau", "rosé"), ("98", "110", "122", "134")),
    Family("KND-DECKE", "Krabbeldecke Füchslein", "kinder", 4490, 780, (380, 300, 90),
           ("natur",)),
    Family("KND-KLOTZ", "Bauklötze Buche", "kinder", 3490, 1300, (300, 220, 80), (),
           ("30", "50")),
    Family("SEI-OLIVE", "Olivenseife", "bad", 590, 110, (90, 60, 35),
           ("pur", "lavendel", "salbei"), per_store=20, store_share=65),
    Family("BDM-BAUMW", "Badematte", "bad", 2490, 900, (380, 300, 70),
           ("weiß", "petrol", "sand"), ("50x70", "60x100")),
    Family("DVH-LEINE", "Duschvorhang Leinenoptik", "bad", 2990, 480, (320, 240, 40),
           ("weiß", "natur")),
    Family("PFL-TOPF", "Übertopf Terrakotta", "garten", 1690, 1200, (220, 220, 200),
           ("natur", "weiß"), ("14cm", "18cm", "22cm")),
    Family("GIE-ZINK", "Gießkanne Zink", "garten", 3990, 1100, (420, 200, 320), ("zink",)),
    Family("LAT-GARTN", "Gartenlaterne", "garten", 3490, 1300, (400, 180, 180),
           ("schwarz", "rost"), ("klein", "groß")),
    Family("KLD-BUEGL", "Kleiderbügel, 5 Stück", "ordnung", 1490, 700, (440, 240, 60),
           ("natur", "schwarz")),
)  # fmt: skip
_FURNITURE: Final = (
    Family("TSC-EICHE", "Esstisch Eiche", "möbel", 89900, 46000, (1190, 900, 120),
           ("geölt",), ("160cm", "200cm"), ("sperrig", "strecke")),
    Family("STU-WIENR", "Stuhl Bugholz", "möbel", 16990, 4800, (900, 450, 480),
           ("natur", "schwarz", "grün"), tags=("sperrig", "strecke")),
    Family("SID-NUSSB", "Sideboard Nussbaum", "möbel", 119900, 52000, (1190, 780, 420),
           ("natur",), tags=("sperrig", "strecke")),
)  # fmt: skip
_EXTRAS: Final = (
    Extra("SET-FRUEHSTUECK", "Frühstücksset für zwei", "bundle", "sets", 7490,
          (("SHL-KERAM-MEER", 2), ("TLR-KERAM-MEER", 2), ("BCH-KERAM-MEER", 2)), 2860),
    Extra("SET-BADGLUECK", "Badset Glück", "bundle", "sets", 6490,
          (("HTU-WALK-PETROL-50X100", 2), ("BDM-BAUMW-PETROL-50X70", 1)), 1860),
    Extra("SET-SCHLAFGUT", "Schlafset Schlafgut", "bundle", "sets", 8990,
          (("BTW-PERKAL-NEBEL-135X200", 1), ("LAK-JERSEY-GRAU-90X200", 1)), 1540),
    Extra("SCHNITT-EBOOK", "Schnittmuster Kleid Düne (PDF)", "digital", "digital", 990),
    Extra("KURS-NAEHEN", "Online-Nähkurs", "digital", "digital", 3900),
    Extra("GUTSCHEIN-25", "Gutschein 25", "gift-card", "gutscheine", 2500),
    Extra("GUTSCHEIN-50", "Gutschein 50", "gift-card", "gutscheine", 5000),
    Extra("GUTSCHEIN-100", "Gutschein 100", "gift-card", "gutscheine", 10000),
    Extra("SRV-AUFBAU", "Aufbauservice", "service", "service", 7900),
    Extra("SRV-NAEHEN", "Nähservice Vorhang", "service", "service", 2900),
)  # fmt: skip

LUETTENHUES: Final = Retailer(
    tenant_id="luettenhues",
    name="Lüttenhüs Wohnen & Mode",
    country="DE",
    currency="EUR",
    zone=_Z,
    languages=("de", "en"),
    tax_bp=1900,
    tax_included=True,
    towns=_NORTH + _WEST + _MIDDLE + _EAST,
    warehouses=(
        House(_UNNA, "Zentrallager Unna", 5, 95),
        House(_HERSFELD, "Lager Bad Hersfeld", 6, 90, capacity=60),
        House(_GERSTHOFEN, "Lager Gersthofen", 7, 100),
    ),
    vendor=House(_VENDOR, "Tischlerei Ostwestfalen (Streckengeschäft)", 60, 0),
    families=_FASHION + _HOME,
    vendor_families=_FURNITURE,
    extras=_EXTRAS,
    scarce=("UHR-WAND-WEISS", "TPF-KUPFER-24CM"),
    backordered="PLA-WOLLE-ROST",
    made_to_order="DVH-LEINE-NATUR",
    home="koeln",
    other="bonn",
    gtin_prefix="21",
    surnames=(
        "Ahlers", "Böttcher", "Clasen", "Dörfler", "Eichhorn", "Füllgrabe", "Größer", "Hövel",
        "Isensee", "Jürgens", "Köster", "Löhr", "Möbius", "Nölting", "Öztürk", "Püschel",
    ),
    first_names=(
        "Änne", "Bjarne", "Clara", "Dörte", "Emre", "Fiete", "Greta", "Hannes", "Ilse", "Jürgen",
        "Käthe", "Lönne",
    ),
    streets=("Kirschallee", "Mühlenweg", "Schäferstraße", "Am Bächlein", "Tannenstieg"),
    shop_domain="luettenhues-demo.example",
    closed=("chemnitz", "0", "2"),
    group_of=(
        ("nord", tuple(town.code for town in _NORTH)),
        ("west", tuple(town.code for town in _WEST)),
        ("mitte", tuple(town.code for town in _MIDDLE)),
        ("ost", tuple(town.code for town in _EAST)),
    ),
)  # fmt: skip
