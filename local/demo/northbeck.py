"""Northbeck Outfitters: an invented outdoor retailer in the United States. All of it is made up.

Towns and coordinates are real places; streets, products, prices and people are not.
"""

from typing import Final

from local.demo.shape import Extra, Family, House, Retailer, Town

_E, _C, _M = "America/New_York", "America/Chicago", "America/Denver"
_P, _AZ, _MI = "America/Los_Angeles", "America/Phoenix", "America/Detroit"

_EAST: Final = (
    Town("nyc", "New York", "NY", "10001", 40.7506, -73.9971, _E, "218 Tanager Street"),
    Town("boston", "Boston", "MA", "02116", 42.3498, -71.0772, _E, "40 Osprey Row"),
    Town("philadelphia", "Philadelphia", "PA", "19103", 39.9529, -75.1741, _E, "1611 Alder Walk"),
    Town("washington", "Washington", "DC", "20005", 38.9044, -77.0316, _E, "905 Kestrel Place"),
    Town("pittsburgh", "Pittsburgh", "PA", "15222", 40.4489, -79.9916, _E, "77 Ferrous Lane"),
    Town("charlotte", "Charlotte", "NC", "28202", 35.2277, -80.8441, _E, "310 Redbud Court"),
    Town("raleigh", "Raleigh", "NC", "27601", 35.7746, -78.6336, _E, "12 Longleaf Street"),
    Town("atlanta", "Atlanta", "GA", "30308", 33.7718, -84.3783, _E, "644 Piedmont Loop"),
    Town("miami", "Miami", "FL", "33130", 25.7670, -80.2046, _E, "88 Heron Terrace"),
    Town("tampa", "Tampa", "FL", "33602", 27.9510, -82.4590, _E, "501 Mangrove Way"),
    Town("cleveland", "Cleveland", "OH", "44113", 41.4840, -81.7008, _E, "23 Breakwater Road"),
    Town("columbus", "Columbus", "OH", "43215", 39.9653, -83.0040, _E, "190 Buckeye Alley"),
    Town("detroit", "Detroit", "MI", "48226", 42.3317, -83.0479, _MI, "1400 Foundry Street"),
)
_MIDDLE: Final = (
    Town("chicago", "Chicago", "IL", "60611", 41.8947, -87.6204, _C, "333 Lakeshore Passage"),
    Town("minneapolis", "Minneapolis", "MN", "55401", 44.9855, -93.2700, _C, "62 Millrace Street"),
    Town("milwaukee", "Milwaukee", "WI", "53202", 43.0506, -87.8967, _C, "710 Harbor Bend"),
    Town("stlouis", "St. Louis", "MO", "63101", 38.6317, -90.1938, _C, "45 Confluence Plaza"),
    Town("kansascity", "Kansas City", "MO", "64106", 39.1037, -94.5697, _C, "820 Prairie Row"),
    Town("nashville", "Nashville", "TN", "37203", 36.1486, -86.7893, _C, "1212 Dobro Street"),
    Town("neworleans", "New Orleans", "LA", "70130", 29.9370, -90.0727, _C, "9 Cypress Arcade"),
    Town("dallas", "Dallas", "TX", "75201", 32.7877, -96.7994, _C, "2100 Mesquite Street"),
    Town("houston", "Houston", "TX", "77002", 29.7563, -95.3650, _C, "650 Bayou Walk"),
    Town("austin", "Austin", "TX", "78701", 30.2711, -97.7437, _C, "404 Limestone Street"),
    Town("sanantonio", "San Antonio", "TX", "78205", 29.4238, -98.4863, _C, "18 Mission Court"),
)
_WEST: Final = (
    Town("denver", "Denver", "CO", "80202", 39.7525, -104.9995, _M, "1550 Scree Street"),
    Town("boulder", "Boulder", "CO", "80302", 40.0172, -105.2850, _M, "31 Flatiron Path"),
    Town("saltlake", "Salt Lake City", "UT", "84101", 40.7559, -111.8967, _M, "270 Basin Row"),
    Town("albuquerque", "Albuquerque", "NM", "87102", 35.0818, -106.6482, _M, "8 Mesa Corner"),
    Town("boise", "Boise", "ID", "83702", 43.6321, -116.2053, "America/Boise", "616 Basalt Street"),
    Town("phoenix", "Phoenix", "AZ", "85004", 33.4515, -112.0685, _AZ, "99 Saguaro Street"),
    Town("lasvegas", "Las Vegas", "NV", "89101", 36.1721, -115.1224, _P, "3 Ocotillo Plaza"),
    Town("losangeles", "Los Angeles", "CA", "90014", 34.0444, -118.2510, _P, "720 Canyon Street"),
    Town("sandiego", "San Diego", "CA", "92101", 32.7199, -117.1628, _P, "55 Kelp Lane"),
    Town(
        "sanfrancisco", "San Francisco", "CA", "94103", 37.7726, -122.4099, _P, "14 Fogline Alley"
    ),
    Town("portland", "Portland", "OR", "97205", 45.5207, -122.7035, _P, "1201 Douglas Fir Way"),
    Town("seattle", "Seattle", "WA", "98101", 47.6114, -122.3305, _P, "410 Madrona Street"),
)
_RENO = Town("reno", "Reno", "NV", "89502", 39.4972, -119.7764, _P, "7000 Playa Freight Road")
_MEMPHIS = Town("memphis", "Memphis", "TN", "38118", 35.0514, -89.9266, _C, "4100 Cargo Loop")
_ALLENTOWN = Town("allentown", "Allentown", "PA", "18106", 40.5742, -75.5946, _E, "900 Depot Road")
_VENDOR = Town("kettlecreek", "Grand Rapids", "MI", "49503", 42.9659, -85.6526, _MI, "5 Slip Road")

_TOPS = ("XS", "S", "M", "L", "XL", "XXL")
_SHOES = ("7", "8", "9", "10", "11", "12")


def _worn(
    code: str, name: str, price: int, grams: int, colors: str, *, shoes: bool = False
) -> Family:
    sides = (330, 210, 125) if shoes else (340, 260, 45)
    return Family(
        code=code,
        name=name,
        category="footwear" if shoes else "apparel",
        price_minor=price,
        weight_g=grams,
        sides_mm=sides,
        colors=tuple(colors.split()),
        sizes=_SHOES if shoes else _TOPS,
        tags=("worn",),
    )


_APPAREL: Final = (
    _worn("JKT-TALUS", "Talus Rain Jacket", 18900, 420, "spruce slate ember lake"),
    _worn("JKT-CIRQUE", "Cirque Down Jacket", 27900, 510, "black ochre lake"),
    _worn("FLC-HEATH", "Heath Fleece", 8900, 340, "moss cream plum"),
    _worn("SHT-DRIFT", "Drift Merino Shirt", 7500, 180, "ash rust navy"),
    _worn("PNT-LEDGE", "Ledge Hiking Pants", 9800, 380, "sand charcoal kelp"),
    _worn("SRT-CREEK", "Creek Shorts", 5900, 210, "kelp stone ink"),
    _worn("BSL-LOFT", "Loft Base Layer", 6400, 190, "black oat plum"),
    _worn("VST-RIDGE", "Ridge Vest", 11900, 300, "pine tan coal"),
    _worn("BOT-GRANITE", "Granite Hiking Boot", 19900, 1180, "brown grey", shoes=True),
    _worn("RUN-SWITCH", "Switchback Trail Runner", 13900, 640, "teal flame coal", shoes=True),
    _worn("SDL-TARN", "Tarn Sandal", 7900, 520, "olive rope night", shoes=True),
    _worn("APP-GNEISS", "Gneiss Approach Shoe", 14900, 790, "clay ink", shoes=True),
)
_GEAR: Final = (
    Family("TNT-HOLLOW", "Hollow Tent", "camping", 34900, 2300, (560, 180, 170),
           ("gold", "sage"), ("1P", "2P", "3P"), ("bulky",)),
    Family("BAG-EIDER", "Eider Sleeping Bag", "camping", 25900, 1150, (400, 220, 220),
           ("blue", "rust"), ("regular", "long"), ("warm",)),
    Family("PAD-STRATA", "Strata Sleeping Pad", "camping", 11900, 560, (280, 110, 110),
           ("grey",), ("regular", "wide")),
    Family("PCK-ARETE", "Arete Backpack", "packs", 21900, 1450, (680, 340, 240),
           ("slate", "brick", "fern"), ("35L", "50L", "65L"), ("bulky",)),
    Family("PCK-DAYBK", "Daybreak Pack", "packs", 8900, 620, (460, 280, 120),
           ("coal", "mint", "sun"), ("18L", "24L")),
    Family("STV-EMBER", "Ember Canister Stove", "cooking", 6900, 190, (120, 90, 70), ("steel",)),
    Family("FUL-CAN", "Stove Fuel Canister", "cooking", 699, 380, (110, 110, 95), (),
           ("110g", "230g"), ("fuel",), hazmat=True, per_store=24, store_share=70),
    Family("POT-KETTLE", "Camp Kettle", "cooking", 4200, 260, (150, 150, 90), ("steel",),
           ("0.9L", "1.6L")),
    Family("MUG-ENAMEL", "Enamel Mug", "cooking", 1400, 150, (110, 90, 90),
           ("white", "blue", "red", "green"), per_store=12, store_share=60),
    Family("BTL-SPRING", "Spring Bottle", "hydration", 2900, 240, (270, 75, 75),
           ("lake", "ember", "moss", "bone"), ("0.5L", "1L"), per_store=10, store_share=60),
    Family("FLT-CLEAR", "Clearwater Filter", "hydration", 4400, 90, (200, 60, 50), ("blue",)),
    Family("LMP-GLINT", "Glint Headlamp", "lighting", 5400, 85, (80, 60, 50),
           ("black", "orange"), ("300", "500"), per_store=8, store_share=55),
    Family("LNT-FIREFLY", "Firefly Lantern", "lighting", 3900, 220, (140, 95, 95),
           ("amber", "white")),
    Family("POL-CASCADE", "Cascade Trekking Poles", "trekking", 12900, 480, (660, 90, 70),
           ("carbon", "alloy"), tags=("pair",)),
    Family("GTR-SCREE", "Scree Gaiters", "trekking", 4900, 190, (300, 200, 40), ("black",),
           ("S-M", "L-XL")),
    Family("CMP-NEEDLE", "Needle Compass", "navigation", 3400, 65, (120, 65, 15), ("clear",)),
    Family("KNF-WREN", "Wren Pocket Knife", "tools", 4600, 95, (105, 35, 20),
           ("walnut", "horn"), tags=("age-18",)),
    Family("RPE-CORD6", "Accessory Cord 6 mm, by the half meter", "climbing", 160, 12,
           (120, 60, 30), ("red", "teal"), step="0.5", per_store=120, store_share=50),
    Family("CRB-ANVIL", "Anvil Carabiner", "climbing", 1250, 45, (110, 70, 15),
           ("silver", "gold", "blue"), per_store=20, store_share=50),
    Family("HLM-VAULT", "Vault Helmet", "climbing", 7400, 330, (290, 230, 170),
           ("white", "slate"), ("S-M", "L-XL")),
    Family("CHK-BAG", "Chalk Bag", "climbing", 2400, 110, (160, 120, 100),
           ("plum", "sky", "straw")),
    Family("SUN-HAT", "Brimwell Sun Hat", "accessories", 3800, 95, (320, 300, 90),
           ("sand", "sage"), ("S-M", "L-XL")),
    Family("BNE-WOOL", "Wool Beanie", "accessories", 2600, 70, (210, 180, 30),
           ("navy", "oat", "brick", "pine"), per_store=8, store_share=55),
    Family("SCK-TRAIL", "Trail Socks", "accessories", 1900, 75, (180, 90, 30),
           ("grey", "green", "blue"), ("S", "M", "L"), per_store=14, store_share=65),
    Family("GLV-FROST", "Frost Gloves", "accessories", 5900, 160, (260, 120, 50),
           ("black",), ("S", "M", "L")),
    Family("BLK-FIRESIDE", "Fireside Blanket", "camping", 8400, 900, (380, 300, 120),
           ("red", "forest")),
    Family("CHR-CAMP", "Campground Chair", "camping", 6900, 2900, (880, 160, 150),
           ("blue", "green"), tags=("bulky",)),
    Family("HMK-TWOTREE", "Two-Tree Hammock", "camping", 7400, 640, (260, 140, 140),
           ("sunset", "lagoon")),
    Family("RTR-MAPS", "Waterproof Trail Map", "navigation", 1500, 60, (240, 110, 5), (),
           ("sierra", "cascades", "rockies", "ozarks", "smokies", "adirondacks"),
           per_store=6, store_share=40),
    Family("KID-EXPLORE", "Explorer Kids Jacket", "kids", 6900, 290, (300, 240, 40),
           ("yellow", "berry"), ("4", "6", "8", "10"), ("worn",)),
    Family("KID-BOOT", "Pebble Kids Boot", "kids", 6400, 560, (270, 180, 100),
           ("grey",), ("12", "13", "1", "2", "3"), ("worn",)),
    Family("DOG-PACK", "Companion Dog Pack", "pets", 5900, 380, (320, 220, 90),
           ("red",), ("S", "M", "L")),
    Family("DOG-LEASH", "Riverbank Leash", "pets", 2900, 140, (160, 120, 40),
           ("orange", "navy")),
    Family("TWL-PACK", "Packable Towel", "accessories", 2400, 120, (160, 100, 40),
           ("sea", "sand"), ("M", "L")),
    Family("REP-KIT", "Gear Repair Kit", "tools", 1800, 80, (140, 90, 25), ("assorted",)),
    Family("AID-TRAIL", "Trail First Aid Kit", "tools", 4200, 310, (190, 130, 70),
           ("solo", "group")),
    Family("SNO-SHOE", "Drumlin Snowshoe", "snow", 18900, 1900, (700, 230, 130),
           ("red", "blue"), ("22in", "25in", "30in"), ("bulky", "pair")),
    Family("SKI-POLE", "Fallline Ski Poles", "snow", 6400, 520, (1250, 120, 60),
           ("black",), ("110", "120", "130"), ("bulky", "pair")),
    Family("GOG-ALPEN", "Cornice Goggles", "snow", 11900, 190, (200, 120, 110),
           ("smoke", "rose")),
    Family("ROD-STREAM", "Streamline Fly Rod", "fishing", 15900, 480, (820, 80, 80),
           ("4wt", "6wt")),
    Family("FLY-BOX", "Assorted Fly Box", "fishing", 3400, 130, (160, 110, 40), ("trout", "bass")),
    Family("BIN-VISTA", "Vista Binoculars", "optics", 24900, 640, (170, 140, 70),
           ("8x32", "10x42")),
    Family("WTC-SUMMIT", "Summit Watch", "optics", 32900, 110, (110, 100, 80), ("black", "bone")),
    Family("CLR-COOLER", "Glacier Cooler", "camping", 21900, 7800, (620, 420, 400),
           ("white", "blue"), ("35qt", "45qt"), ("bulky",)),
)  # fmt: skip
_BOATS: Final = (
    Family("KYK-SOUND", "Puget Kayak", "boats", 89900, 24500, (3600, 720, 380),
           ("red", "lime"), tags=("bulky", "drop-ship")),
    Family("CNU-LOON", "Loon Canoe", "boats", 129900, 29500, (4700, 900, 420),
           ("cedar",), tags=("bulky", "drop-ship")),
    Family("PDL-ASH", "Ash Paddle", "boats", 9900, 820, (1180, 210, 60),
           ("52in", "54in", "57in"), tags=("drop-ship",)),
    Family("PFD-DRIFT", "Driftwell Life Vest", "boats", 11900, 760, (480, 360, 120),
           ("orange", "teal"), ("S-M", "L-XL"), ("drop-ship",)),
)  # fmt: skip
_EXTRAS: Final = (
    Extra("SET-OVERNIGHT", "Overnight Starter Set", "bundle", "sets", 54900,
          (("TNT-HOLLOW-GOLD-2P", 1), ("PAD-STRATA-GREY-REGULAR", 2)), 3600),
    Extra("SET-CAMPKITCHEN", "Camp Kitchen Set", "bundle", "sets", 10900,
          (("STV-EMBER-STEEL", 1), ("POT-KETTLE-STEEL-0.9L", 1), ("MUG-ENAMEL-BLUE", 2)), 760),
    Extra("SET-FIRSTWALK", "First Walk Set", "bundle", "sets", 22900,
          (("PCK-DAYBK-COAL-18L", 1), ("POL-CASCADE-ALLOY", 1), ("BTL-SPRING-LAKE-1L", 1)), 1350),
    Extra("MAP-DIGITAL-US", "Offline Trail Maps, one year", "digital", "digital", 2999),
    Extra("GUIDE-EBOOK", "Reading Weather, e-book", "digital", "digital", 1299),
    Extra("GIFT-25", "Gift Card 25", "gift-card", "gift-cards", 2500),
    Extra("GIFT-50", "Gift Card 50", "gift-card", "gift-cards", 5000),
    Extra("GIFT-100", "Gift Card 100", "gift-card", "gift-cards", 10000),
    Extra("SVC-SKITUNE", "Ski Tune-up", "service", "services", 5900),
    Extra("SVC-BOOTFIT", "Boot Fitting", "service", "services", 3900),
)  # fmt: skip

NORTHBECK: Final = Retailer(
    tenant_id="northbeck",
    name="Northbeck Outfitters",
    country="US",
    currency="USD",
    zone=_E,
    languages=("en",),
    tax_bp=725,
    tax_included=False,
    towns=_EAST + _MIDDLE + _WEST,
    warehouses=(
        House(_MEMPHIS, "Memphis distribution center", 5, 85),
        House(_RENO, "Reno distribution center", 6, 95),
        House(_ALLENTOWN, "Allentown distribution center", 7, 105, capacity=60),
    ),
    vendor=House(_VENDOR, "Kettle Creek Boats (drop ship)", 60, 0),
    families=_APPAREL + _GEAR,
    vendor_families=_BOATS,
    extras=_EXTRAS,
    scarce=("WTC-SUMMIT-BONE", "BIN-VISTA-10X42"),
    backordered="SNO-SHOE-RED-25IN",
    made_to_order="DOG-LEASH-NAVY",
    home="denver",
    other="boulder",
    gtin_prefix="20",
    surnames=(
        "Abernathy", "Bexley", "Calloway", "Dunmore", "Eastgate", "Farrow", "Greenlaw", "Hollis",
        "Ingram", "Jessup", "Kirkbride", "Lindqvist", "Marchetti", "Nakamura", "Okafor", "Prewitt",
    ),
    first_names=(
        "Ada", "Ben", "Carla", "Dev", "Elena", "Finn", "Grace", "Hiro", "Ines", "Jonah", "Kira",
        "Liam",
    ),
    streets=("Juniper Street", "Millpond Road", "Sycamore Avenue", "Quarry Lane", "Orchard Way"),
    shop_domain="northbeck-demo.example",
    closed=("neworleans", "0", "3"),
    group_of=(
        ("east", tuple(town.code for town in _EAST)),
        ("central", tuple(town.code for town in _MIDDLE)),
        ("west", tuple(town.code for town in _WEST)),
    ),
)  # fmt: skip
